"""Small, pure pieces that every app stands on. Nothing here is a Django app; nothing here knows one."""
