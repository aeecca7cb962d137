"""The figures of a report: axes and charts as SVG, without Qt."""
