"""Ground floor: settings, database, errors, paging, exact quantities, geography and the clock."""
