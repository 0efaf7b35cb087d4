"""Pure: openings cut into slots, who may hold what until when. Values in, values out."""
