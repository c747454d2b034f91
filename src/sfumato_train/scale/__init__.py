"""What a stage costs, worked out on paper: parameters, operations, memory, days on N accelerators."""
