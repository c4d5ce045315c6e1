{{%AUTOESCAPE context="HTML"}}
<div class="head">
  <div class="head__text"><h1>Audit log</h1><p>Who changed what, when, and from where. Entries cannot be changed or removed here.</p></div>
</div>
<section class="card" aria-label="Audit log">
  <div class="card__head">
    <form class="filters" role="search" action="/admin/audit">
      <div class="search"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#search"/></svg><label class="sr-only" for="q">Search the log</label><input class="input" id="q" name="q" type="search" value="{{q}}" placeholder="Person, key or API"></div>
      <button class="btn" type="submit">Search</button>
      {{#searched}}<a class="btn" href="/admin/audit">Show all</a>{{/searched}}
    </form>
  </div>
  {{#has_items}}<div class="table-wrap">
    <table class="table table--stack table--top">
      <caption class="sr-only">Audit log</caption>
      <thead>
        <tr><th scope="col">When</th><th scope="col">Who</th><th scope="col">What</th><th scope="col">On</th><th scope="col">From</th></tr>
      </thead>
      <tbody>
        {{#items}}<tr>
          <td data-label="When" class="nowrap">{{#at}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/at}}</td>
          <td data-label="Who" class="table__roomy">{{actor}}</td>
          <td data-label="What" class="table__roomy"><div>{{action}}{{#has_changes}}<details class="more"><summary>New values</summary><pre class="code">{{changes}}</pre></details>{{/has_changes}}</div></td>
          <td data-label="On">{{#has_link}}<a href="{{link}}">{{subject}}</a>{{/has_link}}{{#no_link}}{{subject}}{{/no_link}}</td>
          <td data-label="From"><code class="path">{{#has_from}}{{from}}{{/has_from}}{{#no_from}}this host{{/no_from}}</code></td>
        </tr>
        {{/items}}
      </tbody>
    </table>
  </div>
  {{#has_next}}<div class="card__foot pager"><a class="btn btn--sm" href="{{next}}">Next page<svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#chevron-right"/></svg></a></div>{{/has_next}}{{/has_items}}
  {{#no_items}}<div class="empty"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#fingerprint"/></svg><h2>No entry{{#searched}} fits “{{q}}”{{/searched}}</h2><p>Every change leaves one.</p></div>{{/no_items}}
</section>
