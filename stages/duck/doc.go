// Package duck runs DuckDB in the process over the tables of a snapshot: SQL over
// them, and a database file made of them.
//
// It knows the folder of a snapshot, the columns of the tables, and DuckDB's SQL.
// It must not know how parts are written, and writes nothing into a snapshot.
// Where the program is built without cgo, or for a platform that DuckDB's
// libraries are not prebuilt for, Open says what to do instead.
package duck
