// The two widths of arithmetic and comparison. Apart, because the tables of operations and the
// instructions made of them both need it, and the instructions need the tables.
export type Width = 32 | 64;
