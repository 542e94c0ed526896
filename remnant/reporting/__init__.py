"""From a finished case to what people and programs read: JSON, CSV, pictures and HTML."""
