"""The house rules, proved on the source: floors, cycles, sizes, own tests, documents."""
