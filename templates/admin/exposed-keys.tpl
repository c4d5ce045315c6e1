{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/certificates">Certificates</a></li>
    <li aria-current="page">Blocked public keys</li>
  </ol>
</nav>
<div class="head"><div class="head__text"><h1>Blocked public keys</h1><p>Somebody else has their private halves. No certificate with one of them can be registered, signs anybody in or calls an API.</p></div></div>
{{#blocked}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>Blocked, and what carries it is revoked</h2></div>{{/blocked}}{{#lifted}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>The block is lifted</h2></div>{{/lifted}}{{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>Nothing was saved</h2>{{>faults}}</div>{{/failed}}
{{#has_items}}<section class="card" aria-label="Blocked public keys">
  <div class="table-wrap">
    <table class="table table--stack">
      <caption class="sr-only">Blocked public keys</caption>
      <thead><tr><th scope="col">SHA-256 of the public key</th><th scope="col">Since</th><th scope="col" class="right"><span class="sr-only">Actions</span></th></tr></thead>
      <tbody>
        {{#items}}<tr>
          <th scope="row"><code class="fp">{{sha256}}</code></th>
          <td data-label="Since" class="nowrap">{{#at}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/at}}</td>
          <td data-label="Actions" class="right">{{#may_change}}<a class="btn btn--sm btn--danger" href="/admin/exposed-keys/{{id}}/delete">Lift<span class="sr-only"> {{sha256}}</span></a>{{/may_change}}</td>
        </tr>
        {{/items}}
      </tbody>
    </table>
  </div>
  {{#has_next}}<div class="card__foot pager"><a class="btn btn--sm" href="{{next}}">Next page<svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#chevron-right"/></svg></a></div>{{/has_next}}
</section>{{/has_items}}
{{#no_items}}<section class="card"><div class="empty"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#shield-check"/></svg><h2>None is blocked</h2><p>A private key that is pasted in the portal is blocked by itself, and so is one that is revoked as known to others.</p></div></section>{{/no_items}}
{{#may_change}}<form class="form form--cards" method="post" action="/admin/exposed-keys">
  <input type="hidden" name="csrf_token" value="{{csrf_token}}">
  <section class="card" aria-labelledby="h-new">
    <div class="card__head"><h2 id="h-new">Block one</h2></div>
    <div class="card__body form">
      <div class="field{{#error_spki_sha256}} field--error{{/error_spki_sha256}}"><label for="f-spki_sha256">SHA-256 of the public key</label><input class="input mono" id="f-spki_sha256" name="spki_sha256" value="{{spki_sha256}}" spellcheck="false" autocomplete="off" required{{#error_spki_sha256}} aria-invalid="true"{{/error_spki_sha256}}{{#focus_spki_sha256}} autofocus{{/focus_spki_sha256}} aria-describedby="{{#error_spki_sha256}}e-spki_sha256 {{/error_spki_sha256}}h-spki_sha256">{{#error_spki_sha256}}<p class="error" id="e-spki_sha256"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_spki_sha256}}<p class="hint" id="h-spki_sha256">A certificate’s page shows it. What carries the key is revoked at once.</p></div>
    </div>
    <div class="card__foot actions"><button class="btn btn--danger-solid" type="submit">Block</button></div>
  </section>
</form>{{/may_change}}
