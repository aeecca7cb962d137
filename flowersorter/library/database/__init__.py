"""The SQLite file: connection, schema, backups, restore."""
