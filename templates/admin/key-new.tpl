{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/keys">Keys</a></li>
    <li aria-current="page">New key</li>
  </ol>
</nav>
<div class="head"><div class="head__text"><h1>New key</h1><p>Who may call, which APIs, and how much.</p></div></div>
<form class="form form--cards" method="post" action="/admin/keys/new" enctype="multipart/form-data">
  <input type="hidden" name="csrf_token" value="{{csrf_token}}">
  <input type="hidden" name="once" value="{{once}}">
  <div class="grid grid--main">
    <div class="col">
      {{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>The key was not created</h2>{{>faults}}</div>{{/failed}}
      {{>fields}}
    </div>
    <div class="col">
      {{>read}}
      <section class="card" aria-labelledby="h-tok" data-when="token">
        <div class="card__head"><h2 id="h-tok">Shown after Create</h2></div>
        <div class="card__body"><p class="muted">Certgate makes the token when you press Create, shows it once, and stores only a hash.</p></div>
      </section>
      <section class="card" aria-labelledby="h-tip">
        <div class="card__head"><h2 id="h-tip">Only the public part</h2></div>
        <div class="card__body stack">
          <p class="muted">A client that has no certificate yet makes one with</p>
          <pre class="code" data-copy>openssl req -x509 -newkey rsa:4096 \
  -nodes -days 365 -subj "/CN=me" \
  -keyout key.pem \
  -out cert.pem</pre>
          <p class="muted">and sends you <code>cert.pem</code>.</p>
        </div>
      </section>
    </div>
  </div>
</form>
