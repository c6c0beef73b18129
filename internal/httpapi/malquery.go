package httpapi

func (a *API) malqueryOperations() []operation { return nil }
func (a *API) requestOperations() []operation  { return nil }
