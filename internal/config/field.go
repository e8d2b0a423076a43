package config

import "slices"

// field ties a key of sota.toml to its place in Config.
type field struct {
	section, key string
	value        value
}

// fields is the table of all keys that have an effect, in the order in which the
// C++ clients write them out.
func (c *Config) fields() []field {
	source := []string{SourceFile, SourcePKCS11}
	return []field{
		{"logger", "loglevel", number{&c.Logger.LogLevel, 0, 5}},

		{"p11", "module", text{&c.P11.Module}},

		{"tls", "server", url{&c.TLS.Server}},
		{"tls", "ca_source", choice{&c.TLS.CASource, source}},
		{"tls", "pkey_source", choice{&c.TLS.KeySource, source}},
		{"tls", "cert_source", choice{&c.TLS.CertSource, source}},

		{"provision", "primary_ecu_serial", text{&c.Provision.Serial}},
		{"provision", "primary_ecu_hardware_id", text{&c.Provision.HardwareID}},

		{"uptane", "polling_sec", seconds{&c.Uptane.PollingInterval}},
		{"uptane", "repo_server", url{&c.Uptane.RepoServer}},

		{"pacman", "type", choice{&c.Pacman.Type, []string{TypeNone, TypeOSTree, TypeOSTreeApps}}},
		{"pacman", "os", text{&c.Pacman.OS}},
		{"pacman", "sysroot", path{&c.Pacman.Sysroot}},
		{"pacman", "ostree_server", url{&c.Pacman.OSTreeServer}},
		{"pacman", "ostree_max_rate", byteRate{&c.Pacman.OSTreeMaxRate}},
		{"pacman", "booted", booted{&c.Pacman.Booted}},
		{"pacman", "tags", list{&c.Pacman.Tags}},
		{"pacman", "callback_program", text{&c.Pacman.CallbackProgram}},
		{"pacman", "auto_downgrade", flag{&c.Pacman.AutoDowngrade}},
		{"pacman", "ostree_update_block", flag{&c.Pacman.OSTreeUpdateBlock}},
		{"pacman", "sysroot_ostree_reserved_space_percentage", number{&c.Pacman.ReservedSpacePercent, 3, 50}},
		{"pacman", "storage_watermark", number{&c.Pacman.StorageWatermark, 20, 95}},
		{"pacman", "allow_unsigned_bundle", flag{&c.Pacman.AllowUnsignedBundle}},
		{"pacman", "compose_apps", apps{&c.Pacman.ComposeApps}},
		{"pacman", "reset_apps", apps{&c.Pacman.ResetApps}},
		{"pacman", "compose_apps_root", path{&c.Pacman.ComposeAppsRoot}},
		{"pacman", "reset_apps_root", path{&c.Pacman.ResetAppsRoot}},
		{"pacman", "images_data_root", path{&c.Pacman.ImagesDataRoot}},
		{"pacman", "docker_compose_bin", path{&c.Pacman.DockerComposeBin}},
		{"pacman", "compose_apps_proxy", text{&c.Pacman.ComposeAppsProxy}},
		{"pacman", "docker_prune", flag{&c.Pacman.DockerPrune}},
		{"pacman", "create_containers_before_reboot", flag{&c.Pacman.CreateContainersBeforeReboot}},
		{"pacman", "stop_apps_before_update", flag{&c.Pacman.StopAppsBeforeUpdate}},
		{"pacman", "force_update", flag{&c.Pacman.ForceUpdate}},

		{"storage", "path", path{&c.Storage.Path}},
		{"storage", "uptane_metadata_path", path{&c.Storage.UptaneMetadataPath}},
		{"storage", "tls_cacert_path", path{&c.Storage.CACertPath}},
		{"storage", "tls_pkey_path", path{&c.Storage.KeyPath}},
		{"storage", "tls_clientcert_path", path{&c.Storage.ClientCertPath}},
		{"storage", "lock_path", path{&c.Storage.LockPath}},

		{"import", "base_path", path{&c.Import.BasePath}},
		{"import", "tls_cacert_path", path{&c.Import.CACertPath}},
		{"import", "tls_pkey_path", path{&c.Import.KeyPath}},
		{"import", "tls_clientcert_path", path{&c.Import.ClientCertPath}},

		{"telemetry", "report_network", flag{&c.Telemetry.ReportNetwork}},
		{"telemetry", "report_config", flag{&c.Telemetry.ReportConfig}},

		{"bootloader", "rollback_mode", choice{&c.Bootloader.RollbackMode, []string{
			RollbackNone, RollbackUBootGeneric, RollbackUBootMasked, RollbackFioVB, RollbackFioEFI}}},
		{"bootloader", "reboot_sentinel_dir", path{&c.Bootloader.RebootSentinelDir}},
		{"bootloader", "reboot_sentinel_name", fileName{&c.Bootloader.RebootSentinelName}},
		{"bootloader", "reboot_command", text{&c.Bootloader.RebootCommand}},
	}
}

// foreign tells of a key that the C++ clients know and that means nothing here:
// Uptane's director and secondaries, provisioning with shared credentials, the
// SQLite database, helper programs that are not needed. Files in the field are
// full of them, so they are no reason for a warning.
func foreign(section, key string) bool {
	return slices.Contains(map[string][]string{
		"p11": {"pass", "uptane_key_id", "tls_cacert_id", "tls_ca_id", "tls_pkey_id", "tls_clientcert_id",
			"tls_clientcert_path", "label"},
		"provision": {"server", "p12_password", "expiry_days", "provision_path", "device_id", "mode",
			"ecu_registration_endpoint"},
		"uptane": {"director_server", "key_source", "key_type", "force_install_completion",
			"secondary_config_file", "secondary_preinstall_wait_sec"},
		"pacman": {"images_path", "packages_file", "fake_need_reboot", "skopeo_bin", "composectl_bin", "docker_bin",
			"docker_apps", "docker_images_reload_cmd", "compose_apps_proxy_ca", "compose_apps_tree",
			"create_apps_tree", "hub_auth_creds_endpoint", "enforce_pacman_type", "enforce_composeapp_engine"},
		"storage": {"type", "sqldb_path", "uptane_private_key_path", "uptane_public_key_path"},
		"import":  {"uptane_private_key_path", "uptane_public_key_path"},
	}[section], key)
}
