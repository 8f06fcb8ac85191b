"""The dashboard: thin pages over satseg."""
