"""The ERP's tables, and the only hand that writes them."""
