package collection

// Strategy makes a collection of few records choose as one of many does.
func (c *Collection) Strategy(sparse, reach int) { c.strategy = strategy{sparse, reach} }
