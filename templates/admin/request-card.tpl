{{%AUTOESCAPE context="HTML"}}
<article class="card" aria-labelledby="h-{{id}}">
  <div class="card__head"><div><h2 id="h-{{id}}"><a href="/admin/requests/{{id}}">{{developer_name}} asks {{#renewal}}for a further certificate of {{name}}{{/renewal}}{{#no_renewal}}for {{entry_name}}{{/no_renewal}}</a></h2><p>{{#created}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/created}}</p></div>{{#badge}}<span class="badge badge--{{kind}}">{{text}}</span>{{/badge}}</div>
  <div class="card__body">
    {{#failed}}<div class="note note--bad" role="alert" tabindex="-1"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>It was not decided</h2><p>{{problem}}</p></div>{{/failed}}
    <div class="grid grid--half">
      <dl class="facts facts--short"><dt>Developer</dt><dd>{{#has_developer_id}}<a href="/admin/developers/{{developer_id}}">{{developer_name}}</a>{{/has_developer_id}}{{#no_developer_id}}{{developer_name}}{{/no_developer_id}}{{#has_organisation_name}}, {{organisation_name}}{{/has_organisation_name}}<br><span class="muted small">{{developer_email}}</span></dd><dt>Key</dt><dd>{{#has_key_id}}<a href="/admin/keys/{{key_id}}">{{name}}</a>{{/has_key_id}}{{#no_key_id}}{{name}} <span class="muted">(new)</span>{{/no_key_id}}</dd><dt>Gets</dt><dd>{{#renewal}}A further certificate{{/renewal}}{{#no_renewal}}Policy <a href="/admin/policies/{{policy_id}}">{{policy_name}}</a>{{#has_limits}}: {{limits}}{{/has_limits}}{{/no_renewal}}</dd>{{#decided}}<dt>Decided</dt><dd>{{by}}, {{#at}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/at}}</dd>{{/decided}}{{#has_reason}}<dt>Reason</dt><dd>{{reason}}</dd>{{/has_reason}}</dl>
      <dl class="facts facts--short">{{#certificate}}<dt>Subject</dt><dd>{{subject}}</dd><dt>Issuer</dt><dd>{{issuer}}</dd><dt>Key</dt><dd>{{public_key}}</dd><dt>Valid</dt><dd>{{#not_before}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/not_before}} – {{#not_after}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/not_after}}</dd><dt>SHA-256</dt><dd><code class="fp">{{sha256}}</code></dd>{{/certificate}}{{#has_digest}}<dt>SHA-256</dt><dd><code class="fp">{{digest}}</code></dd>{{/has_digest}}{{#has_possession}}<dt>Possession</dt><dd>{{#proven}}Proven <time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/proven}}{{#no_proven}}<span class="due">{{possession}}</span>{{/no_proven}}</dd>{{/has_possession}}{{#token}}<dt>Credential</dt><dd>A token, which the developer makes once it is approved</dd>{{/token}}{{#added}}<dt>Credential</dt><dd>Those that the key has</dd>{{/added}}</dl>
    </div>
  </div>
  {{#pending}}{{#may_change}}<div class="card__foot card__foot--sunken">
    <form method="post" action="/admin/requests/{{id}}/approve"><input type="hidden" name="csrf_token" value="{{csrf_token}}"><input type="hidden" name="revision" value="{{revision}}"><button class="btn btn--primary" type="submit">Approve<span class="sr-only"> {{developer_name}}, {{entry_name}}</span></button></form>
    <details class="more"{{#has_reason_typed}} open{{/has_reason_typed}}>
      <summary class="btn">Decline…<span class="sr-only"> {{developer_name}}, {{entry_name}}</span></summary>
      <form class="row" method="post" action="/admin/requests/{{id}}/decline">
        <input type="hidden" name="csrf_token" value="{{csrf_token}}"><input type="hidden" name="revision" value="{{revision}}">
        <label for="why-{{id}}">Reason, sent to {{developer_name}}</label>
        <input class="input input--grow" id="why-{{id}}" name="reason" maxlength="400" value="{{reason_typed}}">
        <button class="btn btn--danger" type="submit">Decline<span class="sr-only"> {{developer_name}}, {{entry_name}}</span></button>
      </form>
    </details>
  </div>{{/may_change}}{{/pending}}
</article>
