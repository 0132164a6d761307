package node

import (
	"crypto/sha256"

	"github.com/grapevine-network/grapevine/ledger"
)

// Alias is a name of three words that a person can remember, made of a peer's
// key. Two peers may share one: it is for reading, not for trusting.
func Alias(a ledger.Author) string {
	sum := sha256.Sum256(append([]byte("grapevine/alias/1"), a[:]...))
	return aliasHow[sum[0]%64] + "-" + aliasColour[sum[1]%32] + "-" + aliasAnimal[sum[2]%64]
}

var aliasHow = [64]string{
	"able", "brave", "bright", "brisk", "calm", "candid", "clear", "clever", "cosy", "crisp", "daring", "deft", "eager", "early", "earnest", "fair",
	"fierce", "fleet", "fond", "frank", "free", "fresh", "gentle", "glad", "good", "grand", "happy", "hardy", "honest", "humble", "jolly", "keen",
	"kind", "lively", "lofty", "loyal", "lucky", "mellow", "merry", "mild", "modest", "neat", "nimble", "noble", "patient", "plucky", "polite", "proud",
	"quick", "quiet", "ready", "sharp", "shy", "sleepy", "sly", "smart", "snug", "spry", "steady", "sturdy", "swift", "tidy", "warm", "wise",
}

var aliasColour = [32]string{
	"amber", "ash", "azure", "black", "blue", "bronze", "brown", "copper", "coral", "cream", "crimson", "cyan", "ebony", "golden", "green", "grey",
	"indigo", "ivory", "jade", "lilac", "lime", "olive", "orange", "pearl", "pink", "plum", "purple", "red", "ruby", "silver", "white", "yellow",
}

var aliasAnimal = [64]string{
	"adder", "ant", "badger", "bat", "bear", "beaver", "bee", "bison", "boar", "carp", "cat", "crane", "cricket", "crow", "deer", "dove",
	"duck", "eagle", "eel", "elk", "falcon", "ferret", "finch", "fox", "frog", "gecko", "goat", "goose", "gull", "hare", "hawk", "heron",
	"horse", "ibex", "jay", "kite", "lark", "lion", "lynx", "marten", "mole", "moose", "moth", "mouse", "newt", "otter", "owl", "ox",
	"perch", "pike", "quail", "rabbit", "raven", "robin", "salmon", "seal", "shrew", "snail", "spider", "stork", "swan", "toad", "trout", "wolf",
}
