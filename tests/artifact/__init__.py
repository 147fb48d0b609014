"""The artifact as it ships: built, and run by Lambda's own runtime client."""
