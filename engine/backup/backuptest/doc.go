// Package backuptest is the bench on which backup, restore and prune are tested: a
// made-up computer, a destination that fails as told, a catalog, and the questions
// that every scenario has to end with.
//
// Files are declared as a Tree in code and really written, so that what is tested is
// what the system does. A capture sees the folder they lie in as the top of a
// computer: what else happens on the machine that runs the tests is not in the
// picture. The bench then answers what a person would ask: does everything come back,
// byte for byte and with its metadata, and does a catalog made anew from the
// destination say the same as the one that was kept.
//
// It is for tests on Linux, where every kind of file can be made. Some need root.
package backuptest
