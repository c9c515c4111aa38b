//! Tasks, overlay, transactions, restore and assignment as one state machine.
