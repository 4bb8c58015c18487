"""Files made to hurt, and what every reader makes of them: a result or a clear message, soon, in little memory."""
