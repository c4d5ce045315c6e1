{{%AUTOESCAPE context="HTML"}}
<div class="head"><div class="head__text"><h1>Usage</h1><p>All keys of {{organisation_name}}, last 30 days</p></div></div>
<dl class="grid grid--stats">
  <div class="card stat"><dt>Requests</dt><dd><span class="stat__n">{{requests}}</span></dd></div>
  <div class="card stat"><dt>Refused</dt><dd><span class="stat__n">{{refused}}</span></dd></div>
  <div class="card stat"><dt>Upstream errors</dt><dd><span class="stat__n">{{errors}}</span></dd></div>
</dl>
{{>usage_card}}
{{#has_keys}}<section class="card" aria-labelledby="h-keys">
  <div class="card__head"><h2 id="h-keys">By key</h2></div>
  <div class="table-wrap"><table class="table table--stack">
    <caption class="sr-only">By key</caption>
    <thead><tr><th scope="col">Key</th><th scope="col" class="right">Requests</th><th scope="col" class="right">Refused</th><th scope="col">Quota</th></tr></thead>
    <tbody>{{#keys}}<tr><th scope="row"><a class="table__name" href="/portal/keys/{{id}}">{{name}}</a></th><td data-label="Requests" class="right num">{{requests}}</td><td data-label="Refused" class="right num">{{refused}}</td><td data-label="Quota">{{#has_quota}}{{quota}}{{/has_quota}}{{#no_quota}}—{{/no_quota}}</td></tr>
    {{/keys}}</tbody>
  </table></div>
  {{#has_next}}<div class="card__foot pager"><a class="btn btn--sm" href="{{next}}">Next page<svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#chevron-right"/></svg></a></div>{{/has_next}}
</section>{{/has_keys}}
{{#no_keys}}<section class="card empty" aria-labelledby="h-none"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#activity"/></svg><h2 id="h-none">No key yet</h2><p>Once you have a key, what it calls is counted here.</p><div class="row"><a class="btn btn--primary" href="/portal/">Open the catalogue</a></div></section>{{/no_keys}}
