"""A form on its way in: parsed, checked, judged, counted."""
