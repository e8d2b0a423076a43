//go:build factory

// Package harness runs scripts of commands and expectations against the built
// binary: a whole world per script, with a factory, a gateway and a device in
// the script's own directory.
//
// Scripts are testscript's (rogpeppe/go-internal); these commands are added:
//
//	factory COMMAND ...        sotabox-factory, on the directory "factory" or $FACTORY
//	serve / unserve            start the gateway on a free port / stop it
//	device [flags]             make the directory "device"; flags as sotabox-factory device
//	exit CODE COMMAND ...      run, and demand exactly this exit code; aktualizr-lite and
//	                           bundle-apply are given the device's configuration unless
//	                           --config is there; a last argument <FILE is standard input
//	deployed LINK              make a link to the deployment that boots next
//	complaint REGEXP           stderr must be, besides the log, one line that matches
//	reboot / fall-back         fake a reboot / a boot loader that boots the old deployment
//	fault PATTERN KIND [n]     make requests go wrong (see traffic.go) / heal takes it back
//	requests COUNT PATTERN     how often a URL path was asked for since "forget"
//	await COUNT PATTERN        wait until it was asked for that often
//	events [ID[=OUTCOME] ...]  the events sent since the last "events", in order
//	json PATH VALUE            look into the JSON on stdout
//	snapshot NAME PATH ...     remember trees / unchanged NAME demands they are the same
//	same TREE TREE             two trees must be the same, owners and attributes included
//	identity KIND              replace the device's certificates (see identity.go)
//	publish-hostile N NAME     publish a version whose tree holds an entry of this name
//	tamper FILE OLD NEW        replace text in a file, breaking what signs it
//	copytree FROM TO           copy a directory over another
//	kill-after WHEN COMMAND    kill -9 after a time (20ms) or after requests (12req)
//	persist STEP CODES COMMAND kill it again and again, later each time, until it ends by
//	                           itself with one of the codes (100 or 0,40)
//	tmpfs DIR SIZE             mount a small file system (as root)
//	bundle BUNDLE TARGETS ...  sotabox-factory bundle, with its flags
//	pack DIR FILE              pack a bundle with tar into .tar, .tar.gz or .tar.zst
//	damage FROM TO cut|flip    copy a file, short of its last part or with a bit changed
//
// and these variables: $CONFIG, the device's sota.toml; $DEPLOYMENTS, the
// directory of deployments; $REPO, the device's repository. The condition
// [root] says who runs the test.
package harness
