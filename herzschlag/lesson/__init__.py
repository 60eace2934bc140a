"""The lesson: a chapter of the course in the browser, with its questions before what happens and the answers after."""
