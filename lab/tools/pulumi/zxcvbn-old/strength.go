// Package zxcvbn is the same under the path of the module that the other is a fork of.
package zxcvbn

import "github.com/ccojocar/zxcvbn-go"

// PasswordStrength is the fork's.
var PasswordStrength = zxcvbn.PasswordStrength
