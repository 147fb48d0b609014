"""Twenty accent colours that sites have: strong and pale, of every hue, and the extremes."""

COLORS = (
    "#1f4fa3",
    "#8a3d1f",
    "#0b6e4f",
    "#b00020",
    "#6a1b9a",
    "#ff6600",
    "#ffd500",
    "#00bcd4",
    "#e91e63",
    "#4caf50",
    "#f5c6d6",
    "#777777",
    "#000000",
    "#ffffff",
    "#00ff00",
    "#0000ff",
    "#ff0000",
    "#123524",
    "#fffbe6",
    "#2b2b2b",
)
