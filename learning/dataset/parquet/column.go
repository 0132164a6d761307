package parquet

import (
	"fmt"
	"strconv"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// column is a column that can be read: its name, and how its values are written.
type column struct {
	name string
	cell func(parquet.Value) string
}

// columnsOf returns the columns of a flat file, in order.
func columnsOf(f *parquet.File) ([]column, error) {
	fields := f.Schema().Fields()
	if n := len(fields); n == 0 || n > maxColumns {
		return nil, fmt.Errorf("%d columns, want 1 to %d", n, maxColumns)
	}
	columns, seen := make([]column, len(fields)), map[string]bool{}
	for i, field := range fields {
		name := field.Name()
		if name == "" || seen[name] {
			return nil, fmt.Errorf("column %d is called %q, which is empty or there twice", i+1, name)
		}
		seen[name] = true
		if !field.Leaf() || field.Repeated() {
			return nil, fmt.Errorf("column %q is nested or repeated; flatten the table", name)
		}
		cell := writer(field.Type())
		if cell == nil {
			return nil, fmt.Errorf("column %q is of type %v; turn it into numbers or text, or drop it from the file", name, field.Type())
		}
		columns[i] = column{name, cell}
	}
	return columns, nil
}

// writer returns how values of a type are written, nil if it is none of ours.
func writer(t parquet.Type) func(parquet.Value) string {
	unsigned := false
	if logical := t.LogicalType(); logical != nil {
		switch l := logical.Value.(type) {
		case *format.StringType, *format.EnumType, *format.JsonType:
		case *format.IntType:
			unsigned = !l.IsSigned
		default:
			return nil
		}
	}
	switch t.Kind() {
	case parquet.Boolean:
		return func(v parquet.Value) string { return strconv.FormatBool(v.Boolean()) }
	case parquet.Int32:
		if unsigned {
			return func(v parquet.Value) string { return strconv.FormatUint(uint64(v.Uint32()), 10) }
		}
		return func(v parquet.Value) string { return strconv.FormatInt(int64(v.Int32()), 10) }
	case parquet.Int64:
		if unsigned {
			return func(v parquet.Value) string { return strconv.FormatUint(v.Uint64(), 10) }
		}
		return func(v parquet.Value) string { return strconv.FormatInt(v.Int64(), 10) }
	case parquet.Float:
		return func(v parquet.Value) string { return strconv.FormatFloat(float64(v.Float()), 'g', -1, 32) }
	case parquet.Double:
		return func(v parquet.Value) string { return strconv.FormatFloat(v.Double(), 'g', -1, 64) }
	case parquet.ByteArray:
		return func(v parquet.Value) string { return string(v.ByteArray()) }
	}
	return nil
}
