package collection

// Strategy makes a collection of few records choose as one of many does.
func (c *Collection) Strategy(sparse, reach int) { c.strategy = strategy{sparse, reach} }

// Limit lets a collection's aggregates take on less: records whose rows in child
// tables are looked up, terms of the root that are folded at once, and bytes.
func Limit(c *Collection, few, many, memory int) {
	c.work = work{few: few, many: many, memory: memory, check: 1}
}
