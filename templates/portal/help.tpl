{{%AUTOESCAPE context="HTML"}}
<div class="head">
  <div class="head__text"><h1>Help</h1><p>From nothing to a working call.</p></div>
</div>
<div class="grid grid--main">
<section class="card" aria-label="Help">
  <div class="card__body prose">
    <h2>Get a key</h2>
    <p>Make a certificate (beside this text), choose an API in the <a href="/portal/">catalogue</a>, press “Request a key”, and paste <code>client.crt</code>. The private key stays with you.</p>
    <h2>Send it with each call</h2>
    <pre class="code" data-copy tabindex="0">curl --cert client.crt --key client.key {{gate}}/…</pre>
    <h2>When a call is refused</h2>
    <p>The answer is JSON with a <code>code</code>, and says what to do. Keep its <code>request_id</code> when you write to the API's owner.</p>
    <ul>
      <li><code>credential_missing</code>: no certificate came. Look at the paths after <code>--cert</code> and <code>--key</code>.</li>
      <li><code>credential_unknown</code>: the certificate is not registered. <a href="/portal/">Request a key</a> for it.</li>
      <li><code>certificate_expired</code>: renew under <a href="/portal/keys">My keys</a>. On some servers the connection ends instead.</li>
      <li><code>credential_inactive</code>: it was revoked. Add another one to the key.</li>
      <li><code>access_denied</code>: the key does not have this API. Add it to the key.</li>
      <li><code>rate_limited</code>: wait as many seconds as <code>Retry-After</code> says.</li>
      <li><code>quota_exceeded</code>: the quota of this span is used up. <a href="/portal/usage">Usage</a> says how much there was.</li>
    </ul>
    <h2>Renew in time</h2>
    <p>Both certificates work side by side, so nothing breaks. The one line, from the machine that calls:</p>
    <pre class="code" data-copy tabindex="0">curl --cert old.pem --key old.key --data-binary @new.pem {{portal}}/portal/renew</pre>
    <h2>Is it you or us?</h2>
    <p><a href="/portal/whoami">Who am I</a> shows what the server received on a connection.</p>
  </div>
</section>
<div class="col">{{>how}}</div>
</div>
