package catalog

import (
	"context"
	"fmt"
	"testing"
	"time"
)

func TestSumsAreThoseOfTheMoment(t *testing.T) {
	c := open(t)
	ctx := context.Background()
	capture(t, c, 1, folderAt("/d"), file("/d/a", "1", 1), file("/d/b", "22", 1), file("/e", "x", 1))
	capture(t, c, 2, file("/d/a", "4444", 2))
	capture(t, c, 3, gone("/d/b"))
	for n, want := range []string{"{0 0}", "{2 3}", "{2 6}", "{1 4}", "{1 4}"} {
		sum, err := c.AmountAt(ctx, me, "/d", at(n).Add(time.Minute))
		must(t, err)
		equal(t, fmt.Sprint("at ", n), fmt.Sprint(sum), want)
	}
	items, err := c.Space(ctx, me, "/")
	must(t, err)
	equal(t, "space", fmt.Sprint(items), "[{/d 4 1} {/e 1 1}]")
	sizes, err := c.Sizes(ctx)
	must(t, err)
	equal(t, "original", sizes.Original, 5)
	equal(t, "unique", sizes.Unique, 4*(100-32))
}
