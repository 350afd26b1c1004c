"""What happens in the shop: a merchant who edits, a catalogue that is presented. Only the shop is changed."""
