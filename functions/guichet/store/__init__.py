"""DynamoDB: the wire, the keys, and one repository per kind of record."""
