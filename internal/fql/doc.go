// Package fql reads filters of the Falcon Query Language: text in, tree out.
//
//	hostname:'web*'+(state:'released',state:'purged')+!username:null
//
// "+" is AND and binds tighter than ",", which is OR; "!" negates; parentheses
// group. What a field is, and which field there is, the language does not know:
// package collection gives the tree its meaning over a noun's fields. Every
// mistake is an *Error that names the place in the text.
//
// Filters come from clients. The parser keeps no more than a bounded tree, its
// recursion is bounded by MaxDepth, and nothing that it is given makes it panic.
package fql
