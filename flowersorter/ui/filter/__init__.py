"""The filters of the grid."""
