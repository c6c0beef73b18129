package feed

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mewshq/mews"
)

// Merge adds to what one says of an indicator what another says of it: words are
// joined, the earliest date and the highest confidence stay, and it is deleted
// when both say so.
func Merge(i *mews.IntelIndicator, other mews.IntelIndicator) {
	i.Deleted = i.Deleted && other.Deleted
	i.PublishedDate = earlier(i.PublishedDate, other.PublishedDate)
	if confidenceRank(other.MaliciousConfidence) > confidenceRank(i.MaliciousConfidence) {
		i.MaliciousConfidence = other.MaliciousConfidence
	}
	theirs := Lists(&other)
	for n, mine := range Lists(i) {
		if len(*theirs[n].Words) > 0 {
			*mine.Words = atMost(sortedWords(slices.Concat(*mine.Words, *theirs[n].Words)))
		}
	}
	i.Labels = atMost(mergeLabels(slices.Concat(i.Labels, other.Labels)))
	i.Relations = atMost(mergeRelations(slices.Concat(i.Relations, other.Relations)))
}

// maxMerged is how many words of a list stay of what many say: the first ones.
const maxMerged = 1000

func atMost[T any](list []T) []T { return list[:min(len(list), maxMerged)] }

// confidenceRank orders confidences; who says nothing is the lowest.
func confidenceRank(word string) int {
	return slices.Index([]string{"", mews.ConfidenceUnverified, mews.ConfidenceLow, mews.ConfidenceMedium, mews.ConfidenceHigh}, word)
}

// mergeLabels sorts labels and makes one of those that differ in case or dates
// only. It holds from the first to the last of their dates.
func mergeLabels(list []mews.IntelLabel) []mews.IntelLabel {
	slices.SortStableFunc(list, func(a, b mews.IntelLabel) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.Name, b.Name))
	})
	var out []mews.IntelLabel
	for _, l := range list {
		if n := len(out) - 1; n >= 0 && cmp.Compare(strings.ToLower(out[n].Name), strings.ToLower(l.Name)) == 0 {
			out[n].CreatedOn, out[n].LastValidOn = earlier(out[n].CreatedOn, l.CreatedOn), max(out[n].LastValidOn, l.LastValidOn)
			continue
		}
		out = append(out, l)
	}
	return out
}

// mergeRelations is mergeLabels for relations, by their ids.
func mergeRelations(list []mews.IntelRelation) []mews.IntelRelation {
	slices.SortStableFunc(list, func(a, b mews.IntelRelation) int { return cmp.Compare(a.ID, b.ID) })
	var out []mews.IntelRelation
	for _, r := range list {
		if n := len(out) - 1; n >= 0 && out[n].ID == r.ID {
			out[n].CreatedDate, out[n].LastValidDate = earlier(out[n].CreatedDate, r.CreatedDate), max(out[n].LastValidDate, r.LastValidDate)
			continue
		}
		out = append(out, r)
	}
	return out
}

// earlier is the earlier of two times of which 0 says nothing.
func earlier(a, b int64) int64 {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}
