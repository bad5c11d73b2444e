"""Law and claims in; amounts, findings and case states out."""
