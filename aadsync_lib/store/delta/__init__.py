"""The store as Delta tables in a Unity Catalog schema, through whatever Spark session there is."""
