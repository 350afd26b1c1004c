"""The one way through the house: sort the inbox into the cache, process the cache into ERP tables."""
