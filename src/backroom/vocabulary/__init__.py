"""The words every room uses: ids, money, instants, errors. Imports nothing of ours and does no I/O."""
