{{%AUTOESCAPE context="HTML"}}
<section class="card" aria-labelledby="h-use">
  <div class="card__head"><div><h2 id="h-use">Usage</h2><p>per day, last 30 days</p></div></div>
  {{#has_days}}<div class="table-wrap" tabindex="0" role="region" aria-label="Usage per day"><table class="table table--tight">
    <caption class="sr-only">Usage per day</caption>
    <thead><tr><th scope="col">Day</th><th scope="col" class="right">Requests</th><th scope="col" class="right">Refused</th><th scope="col" class="right">Upstream errors</th></tr></thead>
    <tbody>{{#days}}<tr><th scope="row">{{#at}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/at}}</th><td class="right num">{{requests}}</td><td class="right num">{{refused}}</td><td class="right num">{{errors}}</td></tr>
    {{/days}}</tbody>
  </table></div>{{/has_days}}
  {{#no_days}}<div class="card__body"><p class="muted">No call in the last 30 days.</p></div>{{/no_days}}
</section>
