package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"
	"time"

	smtp "github.com/wneessen/go-mail"
)

// errNobody says that the mail server knows that there is no such mailbox.
var errNobody = errors.New("there is no such mailbox")

// smtp hands a letter to the mail server; nil when it took it.
func (p *Post) smtp(ctx context.Context, l *letter) error {
	ctx, cancel := context.WithTimeout(ctx, hold/2)
	defer cancel()
	client, err := p.o.client()
	if err != nil {
		return err
	}
	message, err := p.o.compose(l)
	if err != nil {
		return err
	}
	err = client.DialAndSendWithContext(ctx, message)
	if err == nil || message.IsDelivered() { // a farewell that goes wrong undoes nothing
		return nil
	}
	// An address that is wrong (RFC 3463, 5.1.x) stays wrong. Everything else, a sender
	// who is refused too, can be put right on the mail server within the three days.
	if refused, ok := errors.AsType[*smtp.SendError](err); ok && refused.Reason == smtp.ErrSMTPRcptTo &&
		refused.ErrorCode() >= 500 && strings.HasPrefix(refused.EnhancedStatusCode(), "5.1.") {
		return fmt.Errorf("%w: %w", errNobody, err)
	}
	return err
}

func (o Options) client() (*smtp.Client, error) {
	host, port, err := o.hostPort()
	if err != nil {
		return nil, err
	}
	options := []smtp.Option{
		smtp.WithPort(port),
		smtp.WithTimeout(30 * time.Second),
		smtp.WithTLSConfig(&tls.Config{ServerName: host, RootCAs: o.Roots, MinVersion: tls.VersionTLS12}),
	}
	switch o.TLS {
	case "tls":
		options = append(options, smtp.WithSSL())
	case "none":
		options = append(options, smtp.WithTLSPolicy(smtp.NoTLS))
	default:
		options = append(options, smtp.WithTLSPolicy(smtp.TLSMandatory))
	}
	if o.Username != "" {
		options = append(options, smtp.WithSMTPAuth(smtp.SMTPAuthAutoDiscover), smtp.WithUsername(o.Username), smtp.WithPassword(o.Password))
	}
	return smtp.NewClient(host, options...)
}

func (o Options) compose(l *letter) (*smtp.Msg, error) {
	from, err := netmail.ParseAddress(o.From)
	if err != nil {
		return nil, fmt.Errorf("%w: the sender is not an e-mail address", ErrOptions)
	}
	m := smtp.NewMsg(smtp.WithNoDefaultUserAgent(), smtp.WithCharset(smtp.CharsetUTF8), smtp.WithEncoding(smtp.EncodingQP))
	if err := m.FromFormat(from.Name, from.Address); err != nil {
		return nil, err
	}
	if err := m.To(l.message.To); err != nil {
		return nil, err
	}
	_, domain, _ := strings.Cut(from.Address, "@")
	m.SetMessageIDWithValue(l.id + "@" + domain)
	m.SetDateWithValue(l.created)
	m.Subject(l.message.Subject)
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetBodyString(smtp.TypeTextPlain, l.message.Text)
	return m, nil
}
