"""Reports: one HTML file for a finished run, and a summary page over several."""

from herzschlag.report.page import draw, write_report
from herzschlag.report.reading import ReportError
from herzschlag.report.summary import write_summary

__all__ = ["ReportError", "draw", "write_report", "write_summary"]
