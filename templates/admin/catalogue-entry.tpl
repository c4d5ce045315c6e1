{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/catalogue">Catalogue</a></li>
    <li aria-current="page">{{entry_name}}</li>
  </ol>
</nav>
<div class="head"><div class="head__text"><div class="head__title"><h1>{{entry_name}}</h1>{{#there}}{{#badge}}<span class="badge badge--{{kind}}">{{text}}</span>{{/badge}}{{/there}}</div><p>{{#there}}<a href="/portal/apis/{{id}}">See it in the portal</a>{{/there}}{{#fresh}}A policy that developers may ask a key for.{{/fresh}}</p></div></div>
{{#created}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>The entry was created</h2><p>Developers find it in the portal from now on.</p></div>{{/created}}{{#saved}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>Saved</h2></div>{{/saved}}
<div class="grid grid--main">
<form class="form form--cards" method="post" action="/admin/catalogue/{{#fresh}}new{{/fresh}}{{#there}}{{id}}{{/there}}">
  <input type="hidden" name="csrf_token" value="{{csrf_token}}">
  <input type="hidden" name="revision" value="{{revision}}">
  <input type="hidden" name="once" value="{{once}}">
  {{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>The entry was not saved</h2>{{>faults}}</div>{{/failed}}{{>stale}}
  <section class="card" aria-labelledby="h-e">
    <div class="card__head"><h2 id="h-e">Entry</h2></div>
    <div class="card__body form">
      <div class="field{{#error_name}} field--error{{/error_name}}"><label for="f-name">Name</label><input class="input" id="f-name" name="name" value="{{name}}" maxlength="200" autocomplete="off" required{{#error_name}} aria-invalid="true"{{/error_name}}{{#focus_name}} autofocus{{/focus_name}} aria-describedby="{{#error_name}}e-name {{/error_name}}h-name">{{#error_name}}<p class="error" id="e-name"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_name}}<p class="hint" id="h-name">The title of its card in the portal.</p></div>
      <div class="field{{#error_policy_id}} field--error{{/error_policy_id}}"><label for="f-policy_id">Policy</label>{{#has_policies}}{{#policy_typed}}<input class="input" id="f-policy_id" name="policy_id" value="{{value}}" list="policies" placeholder="Name, or id" autocomplete="off" spellcheck="false" aria-describedby="{{#error_policy_id}}e-policy_id {{/error_policy_id}}h-policy_id"{{#error_policy_id}} aria-invalid="true"{{/error_policy_id}}><datalist id="policies">{{#policies}}<option value="{{text}}"></option>{{/policies}}</datalist>{{/policy_typed}}{{#no_policy_typed}}<select class="select" id="f-policy_id" name="policy_id" aria-describedby="{{#error_policy_id}}e-policy_id {{/error_policy_id}}h-policy_id"{{#error_policy_id}} aria-invalid="true"{{/error_policy_id}}>{{#policies}}<option value="{{value}}"{{#chosen}} selected{{/chosen}}>{{text}}</option>{{/policies}}</select>{{/no_policy_typed}}{{/has_policies}}{{#no_policies}}<p class="hint" id="f-policy_id">There is no policy yet. <a href="/admin/policies/new">Add one</a> first.</p>{{/no_policies}}{{#error_policy_id}}<p class="error" id="e-policy_id"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_policy_id}}<p class="hint" id="h-policy_id">What keys of this entry may call, and how much.</p></div>
      <div class="field{{#error_description}} field--error{{/error_description}}"><label for="f-description">Description</label><textarea class="textarea" id="f-description" name="description" rows="10" aria-describedby="{{#error_description}}e-description {{/error_description}}h-description"{{#error_description}} aria-invalid="true"{{/error_description}}{{#focus_description}} autofocus{{/focus_description}}>{{description:pre_escape}}</textarea>{{#error_description}}<p class="error" id="e-description"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_description}}<p class="hint" id="h-description">Markdown. The first paragraph stands on the card. HTML is shown as text; links lead to http, https and mailto.</p></div>
      <div class="field{{#error_documentation_url}} field--error{{/error_documentation_url}}"><label for="f-documentation_url">Documentation</label><input class="input" id="f-documentation_url" name="documentation_url" value="{{documentation_url}}" type="url" placeholder="https://"{{#error_documentation_url}} aria-invalid="true"{{/error_documentation_url}}{{#focus_documentation_url}} autofocus{{/focus_documentation_url}} aria-describedby="{{#error_documentation_url}}e-documentation_url {{/error_documentation_url}}h-documentation_url">{{#error_documentation_url}}<p class="error" id="e-documentation_url"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_documentation_url}}<p class="hint" id="h-documentation_url">A link, if there is more to read.</p></div>
    </div>
  </section>
  <section class="card" aria-labelledby="h-r">
    <div class="card__head"><h2 id="h-r">Who gets a key</h2></div>
    <div class="card__body form">
      <fieldset><legend class="label">Approval</legend><div class="choices">
        <div class="choice"><input type="radio" id="ap-manual" name="approval" value="manual"{{#no_automatic}} checked{{/no_automatic}} aria-describedby="ap-manual-d"><label for="ap-manual">By hand</label><span class="choice__hint" id="ap-manual-d">An administrator approves each request.</span></div>
        <div class="choice"><input type="radio" id="ap-automatic" name="approval" value="automatic"{{#automatic}} checked{{/automatic}} aria-describedby="ap-automatic-d"><label for="ap-automatic">Automatic</label><span class="choice__hint" id="ap-automatic-d">The key works at once.</span></div>
      </div></fieldset>
      <div class="switch"><input type="checkbox" role="switch" id="proof" name="proof"{{#proof_required}} checked{{/proof_required}} aria-describedby="proof-d"><div><label for="proof">Possession has to be proven</label><p id="proof-d">A certificate counts only after its private key was shown in a handshake, with a code of the request.</p></div></div>
      <div class="field"><label for="f-renewal">Renewal</label><select class="select" id="f-renewal" name="renewal" aria-describedby="h-renewal"><option value="session"{{#renew_session}} selected{{/renew_session}}>In the portal, with the password once more</option><option value="certificate"{{#renew_certificate}} selected{{/renew_certificate}}>By a call with the certificate in use alone</option><option value="approval"{{#renew_approval}} selected{{/renew_approval}}>Either, and an administrator approves</option></select><p class="hint" id="h-renewal">How a key gets its next certificate.</p></div>
      <div class="field{{#error_max_keys_per_developer}} field--error{{/error_max_keys_per_developer}}"><label for="f-max_keys_per_developer">Keys per developer</label><input class="input" id="f-max_keys_per_developer" name="max_keys_per_developer" value="{{max_keys_per_developer}}" inputmode="numeric"{{#error_max_keys_per_developer}} aria-invalid="true"{{/error_max_keys_per_developer}}{{#focus_max_keys_per_developer}} autofocus{{/focus_max_keys_per_developer}} aria-describedby="{{#error_max_keys_per_developer}}e-max_keys_per_developer {{/error_max_keys_per_developer}}h-max_keys_per_developer">{{#error_max_keys_per_developer}}<p class="error" id="e-max_keys_per_developer"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_max_keys_per_developer}}<p class="hint" id="h-max_keys_per_developer">Waiting requests included.</p></div>
      <div class="switch"><input type="checkbox" role="switch" id="visible" name="visible"{{#is_visible}} checked{{/is_visible}} aria-describedby="visible-d"><div><label for="visible">Visible</label><p id="visible-d">Off: developers do not see it; keys stay as they are.</p></div></div>
    </div>
    {{#may_change}}<div class="card__foot actions"><button class="btn btn--primary" type="submit">{{#fresh}}Create{{/fresh}}{{#there}}Save{{/there}}</button><a class="btn" href="/admin/catalogue">Cancel</a></div>{{/may_change}}
  </section>
</form>
<div class="col">
  <section class="card" aria-labelledby="h-how"><div class="card__head"><h2 id="h-how">What developers do</h2></div><div class="card__body"><ol class="steps"><li><h3>Find the entry</h3><p>At <a href="/portal/">/portal/</a>.</p></li><li><h3>Request a key</h3><p>With their own public certificate.</p></li><li><h3>Call the API</h3><p>Once it is approved, from the next call on.</p></li></ol></div></section>
  {{#there}}{{#may_change}}<section class="card card--danger" aria-labelledby="h-del">
    <div class="card__head"><h2 id="h-del">Delete</h2></div>
    <div class="card__body stack"><p class="muted">Keys that came of it stay; requests that wait are declined.</p><a class="btn btn--danger" href="/admin/catalogue/{{id}}/delete"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#trash-2"/></svg>Delete {{entry_name}}</a></div>
  </section>{{/may_change}}{{/there}}
</div>
</div>
