{{%AUTOESCAPE context="HTML"}}
<section class="card" aria-labelledby="h-make">
  <div class="card__head"><h2 id="h-make">No certificate yet?</h2></div>
  <div class="card__body stack tabs">
    <p>This makes a private key and a certificate for a year, on your own machine:</p>
    <fieldset class="tabs__row"><legend class="sr-only">Your system</legend>
      <span><input class="sr-only" type="radio" name="how" id="how-openssl" checked><label for="how-openssl">OpenSSL</label></span>
      <span><input class="sr-only" type="radio" name="how" id="how-powershell"><label for="how-powershell">PowerShell</label></span>
      <span><input class="sr-only" type="radio" name="how" id="how-keytool"><label for="how-keytool">keytool</label></span>
      <span><input class="sr-only" type="radio" name="how" id="how-macos"><label for="how-macos">macOS</label></span>
    </fieldset>
    <div class="stack" data-tab="openssl"><pre class="code" data-copy tabindex="0">openssl req -x509 -newkey rsa:4096 \
  -nodes -days 365 -subj "/CN=me" \
  -keyout client.key \
  -out client.crt</pre><p class="muted small">Linux, and Git Bash on Windows. Tested with OpenSSL 3.0.</p></div>
    <div class="stack" data-tab="powershell"><pre class="code" data-copy tabindex="0">$c = New-SelfSignedCertificate `
  -Subject "CN=me" -KeyLength 4096 `
  -CertStoreLocation Cert:\CurrentUser\My `
  -TextExtension "2.5.29.37={text}1.3.6.1.5.5.7.3.2"
"-----BEGIN CERTIFICATE-----",
[Convert]::ToBase64String($c.RawData, 1),
"-----END CERTIFICATE-----" |
  Set-Content -Encoding ascii client.crt</pre><p class="muted small">The private key stays in your personal store. Not tested by us.</p></div>
    <div class="stack" data-tab="keytool"><pre class="code" data-copy tabindex="0">keytool -genkeypair -alias me \
  -keyalg RSA -keysize 4096 -validity 365 \
  -dname "CN=me" -storetype PKCS12 \
  -keystore client.p12
keytool -exportcert -rfc -alias me \
  -keystore client.p12 -file client.crt</pre><p class="muted small">For Java; asks for a password of the store. Tested with OpenJDK 17. curl takes it as <code>--cert-type P12 --cert client.p12</code>.</p></div>
    <div class="stack" data-tab="macos"><pre class="code" data-copy tabindex="0">openssl req -x509 -newkey rsa:4096 \
  -sha256 -nodes -days 365 -subj "/CN=me" \
  -keyout client.key \
  -out client.crt</pre><p class="muted small">The <code>openssl</code> of macOS is LibreSSL, and takes the same options. Not tested by us.</p></div>
    <p class="muted">Paste <code>client.crt</code> here. The private key never leaves your machine.</p>
  </div>
</section>
