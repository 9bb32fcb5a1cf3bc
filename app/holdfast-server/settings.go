package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
)

// settings are what every command needs to know of the server.
type settings struct {
	Data    string `required:"" type:"path" placeholder:"DIR" help:"Folder of the server's own files."`
	Name    string `name:"institution" default:"Holdfast" help:"Name of the institution, as people read it."`
	Origin  string `placeholder:"URL" help:"Address under which people reach the server, as in https://backup.college.edu; by default https:// and --listen."`
	Listen  string `default:"127.0.0.1:8443" help:"Where to listen."`
	TLSCert string `name:"tls-cert" type:"path" placeholder:"FILE" help:"Certificate chain (PEM); by default one that the server makes for itself."`
	TLSKey  string `name:"tls-key" type:"path" placeholder:"FILE" help:"Its private key (PEM)."`

	Database string `placeholder:"ADDRESS" help:"postgres://… or a file; by default holdfast.db in the data folder."`
	Storage  string `placeholder:"ADDRESS" help:"s3://HOST/BUCKET[/PREFIX] or a folder; by default objects in the data folder."`

	S3AccessKey     string `name:"s3-access-key" env:"HOLDFAST_SERVER_S3_ACCESS_KEY" placeholder:"ID" help:"Access key of the S3 storage."`
	S3SecretKeyFile string `name:"s3-secret-key-file" env:"HOLDFAST_SERVER_S3_SECRET_KEY_FILE" type:"path" placeholder:"FILE" help:"File with its secret key."`
	S3Region        string `name:"s3-region" env:"HOLDFAST_SERVER_S3_REGION" default:"us-east-1" help:"Its region."`

	EscrowDatabase       string `placeholder:"ADDRESS" help:"Database of the key store; by default escrow/escrow.db in the data folder."`
	EscrowKeyFile        string `type:"path" placeholder:"FILE" help:"Master key of the key store; by default escrow/master.key in the data folder. Back it up, apart from the data."`
	EscrowCredentialFile string `type:"path" placeholder:"FILE" help:"What the server shows to the key store; by default escrow/credential in the data folder."`

	SecretsKeyFile string `type:"path" placeholder:"FILE" help:"Key that seals the secrets of people's authenticator apps in the database; by default secrets.key beside the master key. The same for all servers on one database. Back it up, apart from the data."`

	SMTPAddress      string `name:"smtp-address" placeholder:"HOST:PORT" help:"Mail server; without one, links are printed or shown to administrators only."`
	SMTPUsername     string `name:"smtp-username" placeholder:"NAME" help:"User name there."`
	SMTPPasswordFile string `name:"smtp-password-file" type:"path" placeholder:"FILE" help:"File with the password there."`
	SMTPFrom         string `name:"smtp-from" placeholder:"E-MAIL" help:"Sender of the server's mails."`
	SMTPTLS          string `name:"smtp-tls" enum:"starttls,tls,none" default:"starttls" help:"Encryption to the mail server: starttls, tls or none."`

	newcomers `kong:"-"` // of the commands that make people
	renewing  bool       // the key of the secrets is lost and made anew: of that command

	InstitutionNetworks []string `placeholder:"CIDR" help:"The institution's own networks, from which personal computers may not upload."`
	TrustedProxies      []string `placeholder:"CIDR" help:"Proxies whose X-Forwarded-For is believed."`

	ProviderName             string   `placeholder:"NAME" help:"Name of the single sign-on, as people know it."`
	ProviderIssuer           string   `placeholder:"URL" help:"OpenID Connect issuer of the single sign-on."`
	ProviderClientID         string   `name:"provider-client-id" placeholder:"ID" help:"The server's client id there; its redirect address is ORIGIN/sign-in/return."`
	ProviderClientSecretFile string   `type:"path" placeholder:"FILE" help:"File with the client secret."`
	ProviderScopes           []string `default:"openid,email,profile" help:"Scopes to ask for."`
	ProviderACR              []string `name:"provider-acr" placeholder:"ACR" help:"Accept only sign-ins of one of these authentication context classes."`
	ProviderAMR              []string `name:"provider-amr" placeholder:"AMR" help:"Accept only sign-ins with at least one of these authentication methods."`
	ProviderNoAuthTime       bool     `name:"provider-no-auth-time" help:"The single sign-on does not say when somebody proved who they are (as dex); then asking it to ask again has to do."`
}

// newcomers is what new people get, a flag of the commands that make some.
type newcomers struct {
	Seats int  `default:"4" help:"Computers that a new person may have."`
	Quota size `default:"none" placeholder:"SIZE" help:"Storage that a new person may use, such as 500GB; none: no limit."`
}

// complete fills in what follows from the data folder and the address.
func (s *settings) complete() error {
	fill := func(into *string, parts ...string) {
		if *into == "" {
			*into = filepath.Join(append([]string{s.Data}, parts...)...)
		}
	}
	fill(&s.Database, "holdfast.db")
	fill(&s.Storage, "objects")
	fill(&s.EscrowDatabase, "escrow", "escrow.db")
	fill(&s.EscrowKeyFile, "escrow", "master.key")
	fill(&s.EscrowCredentialFile, "escrow", "credential")
	if s.SecretsKeyFile == "" {
		s.SecretsKeyFile = filepath.Join(filepath.Dir(s.EscrowKeyFile), "secrets.key")
	}
	if s.SecretsKeyFile == s.EscrowKeyFile {
		return errors.New("--secrets-key-file and --escrow-key-file name the same file. Only the key store should have its master key: give the server a key of its own")
	}
	if (s.TLSCert == "") != (s.TLSKey == "") {
		return errors.New("--tls-cert and --tls-key belong together. Give both, or neither for a certificate that the server makes for itself")
	}
	if s.Origin == "" {
		host, port, err := net.SplitHostPort(s.Listen)
		if err != nil {
			return fmt.Errorf("--listen %s is not HOST:PORT: %w", s.Listen, err)
		}
		if ip, err := netip.ParseAddr(host); host == "" || err == nil && (ip.IsLoopback() || ip.IsUnspecified()) {
			host = "localhost"
		}
		s.Origin = "https://" + net.JoinHostPort(host, port)
	}
	u, err := url.Parse(s.Origin)
	if err != nil || u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return fmt.Errorf("--origin %s is not an address like https://backup.college.edu", s.Origin)
	}
	s.Origin = "https://" + u.Host
	if err := os.MkdirAll(s.Data, 0o700); err != nil {
		return fmt.Errorf("the folder of --data cannot be made: %w", err)
	}
	return nil
}

// networks reads CIDRs.
func networks(flag string, texts []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range texts {
		p, err := netip.ParsePrefix(strings.TrimSpace(text))
		if err != nil {
			return nil, fmt.Errorf("--%s: %q is not a network like 10.1.0.0/16", flag, text)
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

// secretIn reads a file that holds one secret; "" when there is no file to read.
func secretIn(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(data)), nil
}

// table prints rows in columns.
func table(rows [][]string) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	for _, row := range rows {
		for i := range row {
			row[i] = plain(row[i])
		}
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	return w.Flush()
}
