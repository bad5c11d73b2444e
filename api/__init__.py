"""HTTP for hospitals and pharmacies, and the investigator's console."""
