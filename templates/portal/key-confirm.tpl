{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/portal/keys">My keys</a></li>
    <li><a href="/portal/keys/{{id}}">{{name}}</a></li>
    <li aria-current="page">{{#revoke}}Revoke{{/revoke}}{{#no_revoke}}Give up{{/no_revoke}}</li>
  </ol>
</nav>
<section class="card" aria-labelledby="h-conf">
  <form method="post" action="{{action}}">
    <input type="hidden" name="csrf_token" value="{{csrf_token}}">
    {{#revoke}}<div class="card__body form">
      <div><h1 id="h-conf">Revoke {{subject}}?</h1><p class="muted">Calls with it are refused from the next one on. It cannot be brought back here, and is not taken again. <code class="fp">{{start}}</code></p></div>
      <fieldset><legend class="label">Why</legend><div class="choices">
        <div class="choice"><input type="radio" id="r-superseded" name="reason" value="superseded" checked><label for="r-superseded">It is replaced by a newer one</label></div>
        {{#may_expose}}<div class="choice"><input type="radio" id="r-key_exposed" name="reason" value="key_exposed" aria-describedby="r-key_exposed-d"><label for="r-key_exposed">Somebody else may have the private key</label><span class="choice__hint" id="r-key_exposed-d">Then nothing with this public key is taken any more.</span></div>{{/may_expose}}
        <div class="choice"><input type="radio" id="r-other" name="reason" value="other"><label for="r-other">Another reason</label></div>
      </div></fieldset>
    </div>
    <div class="card__foot actions"><button class="btn btn--danger-solid" type="submit">Revoke {{subject}}</button><a class="btn" href="/portal/keys/{{id}}">Keep it</a></div>{{/revoke}}
    {{#no_revoke}}<div class="card__body form"><div><h1 id="h-conf">Give up {{name}}?</h1><p class="muted">The key, its credentials and its limits are gone; calls are refused from the next one on. To use the API again, ask for a new key.</p></div></div>
    <div class="card__foot actions"><button class="btn btn--danger-solid" type="submit">Give up {{name}}</button><a class="btn" href="/portal/keys/{{id}}">Keep it</a></div>{{/no_revoke}}
  </form>
</section>
