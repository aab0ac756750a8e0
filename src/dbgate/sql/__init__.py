"""What a text of SQL does: tokens, statements, tables and rights, injection, shapes, the catalog."""
