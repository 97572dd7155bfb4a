"""Charts: Plotly figures with the colours of the clusters and a caption that says how to read them."""
