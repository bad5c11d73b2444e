"""What the night wires beside its steps: its gate, the ledger, the summary, the audit heads."""
