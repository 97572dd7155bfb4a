"""Songs on the pages: cards, lists to put in order, search, filters, likes."""
