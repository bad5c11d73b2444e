"""Lines as arrays that pricing reads, and what a finding costs each payer."""
