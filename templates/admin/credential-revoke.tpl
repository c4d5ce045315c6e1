{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/keys">Keys</a></li>
    <li><a href="/admin/keys/{{id}}">{{key_name}}</a></li>
    <li><a href="/admin/keys/{{id}}/credentials/{{sha256}}">Credential</a></li>
    <li aria-current="page">Revoke</li>
  </ol>
</nav>
<section class="card" aria-labelledby="h-conf">
  <form method="post" action="/admin/keys/{{id}}/credentials/{{sha256}}/revoke">
    <input type="hidden" name="csrf_token" value="{{csrf_token}}">
    <div class="card__body form">
      <div><h1 id="h-conf">Revoke {{subject}}?</h1><p class="muted">From the next request on it is refused with 403 credential_inactive.</p></div>
      <dl class="facts">
        <dt>Key</dt><dd>{{key_name}}</dd>
        <dt>SHA-256</dt><dd><code class="fp">{{start}} …</code></dd>
        <dt>Valid until</dt><dd>{{#until}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/until}}{{#no_until}}—{{/no_until}}</dd>
        <dt>After that</dt><dd>It stays known, so that nobody can register it again.</dd>
      </dl>
      <fieldset>
        <legend class="label">Reason</legend>
        <div class="picks">
          <div class="choice"><input type="radio" id="r-1" name="reason" value="superseded" checked><label for="r-1">Replaced by another one</label></div>
          <div class="choice"><input type="radio" id="r-2" name="reason" value="left"><label for="r-2">No longer a partner</label></div>
          {{#is_certificate}}<div class="choice"><input type="radio" id="r-3" name="reason" value="key_exposed" aria-describedby="r-3-d"><label for="r-3">The private key may be known to others</label><span class="choice__hint" id="r-3-d">Also blocks the public key, whatever certificate carries it.</span></div>{{/is_certificate}}
          <div class="choice"><input type="radio" id="r-4" name="reason" value="other"><label for="r-4">Something else</label></div>
        </div>
      </fieldset>
    </div>
    <div class="card__foot actions"><button class="btn btn--danger-solid" type="submit">Revoke {{subject}}</button><a class="btn" href="/admin/keys/{{id}}">Keep it</a></div>
  </form>
</section>
