{{%AUTOESCAPE context="HTML"}}
<div class="head">
  <div class="head__text"><h1>My keys</h1>{{#has_items}}<p>Keys and requests of {{organisation_name}}</p>{{/has_items}}</div>
  {{#tools}}<div class="head__tools">{{#searchable}}<form class="filters" role="search" action="/portal/keys"><div class="search"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#search"/></svg><label class="sr-only" for="q">Search my keys</label><input class="input" id="q" name="q" type="search" value="{{q}}" placeholder="Name"></div><button class="btn" type="submit">Search</button>{{#searched}}<a class="btn" href="/portal/keys">Show all</a>{{/searched}}</form>{{/searchable}}{{#has_items}}<a class="btn btn--primary" href="/portal/"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#plus"/></svg>Request a key</a>{{/has_items}}</div>{{/tools}}
</div>
{{#withdrawn}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>The request was withdrawn</h2></div>{{/withdrawn}}
{{#given_up}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>The key was given up</h2><p>It opens nothing any more.</p></div>{{/given_up}}
{{#ending}}<div class="note note--warn"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#calendar-clock"/></svg>
  <h2>{{name}}: the certificate ends {{when}}</h2>
  <p>Add the next one now. Both work until the old one ends, so nothing breaks.</p>
  <div class="row"><a class="btn btn--sm" href="/portal/keys/{{id}}#renew">Renew<span class="sr-only"> {{name}}</span></a></div>
</div>
{{/ending}}
{{#has_ending_more}}<div class="note note--warn"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#calendar-clock"/></svg><p>So do the certificates of {{ending_more}} more keys within 30 days.</p></div>
{{/has_ending_more}}{{#has_items}}<section class="card" aria-label="Keys">
  <div class="table-wrap">
    <table class="table table--stack">
      <caption class="sr-only">My keys</caption>
      <thead>
        <tr><th scope="col">Key</th><th scope="col">API</th><th scope="col">Status</th><th scope="col">Quota</th><th scope="col">Valid until</th><th scope="col" class="right">Last used</th></tr>
      </thead>
      <tbody>
        {{#items}}<tr>
          <th scope="row"><a class="table__name" href="{{link}}">{{name}}</a>{{#has_subject}}<span class="table__sub" title="{{subject}}">{{subject}}</span>{{/has_subject}}</th>
          <td data-label="API">{{apis}}</td>
          <td data-label="Status" class="table__corner">{{#badge}}<span class="badge badge--{{kind}}">{{text}}</span>{{/badge}}</td>
          <td data-label="Quota">{{#has_quota}}{{quota}}{{/has_quota}}{{#no_quota}}<span class="muted">—</span>{{/no_quota}}</td>
          <td data-label="Valid until">{{#until}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/until}}{{#no_until}}<span class="muted">—</span>{{/no_until}}</td>
          <td data-label="Last used" class="right muted">{{#used}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/used}}{{#no_used}}—{{/no_used}}</td>
        </tr>
        {{/items}}
      </tbody>
    </table>
  </div>
  {{#more_requests}}<div class="card__foot"><p class="muted">Of the requests that wait only the newest 500 are shown.</p></div>{{/more_requests}}
  {{#has_next}}<div class="card__foot pager"><a class="btn btn--sm" href="{{next}}">Next page<svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#chevron-right"/></svg></a></div>{{/has_next}}
</section>{{/has_items}}
{{#no_items}}<section class="card empty" aria-labelledby="h-none"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#key-round"/></svg>
  {{#searched}}<h2 id="h-none">No key fits “{{q}}”</h2><p>Searched are names, tags and ids.</p>{{/searched}}
  {{#no_searched}}<h2 id="h-none">No key yet</h2>
  <p>Choose an API in the catalogue and paste your certificate. Once it is approved, the key is listed here with its usage.</p>
  <div class="row"><a class="btn btn--primary" href="/portal/">Open the catalogue</a></div>{{/no_searched}}
</section>{{/no_items}}
