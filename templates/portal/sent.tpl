{{%AUTOESCAPE context="HTML"}}
<div class="card">
  <div class="form">
    <div><h1>Look into your mail</h1><p class="muted">If {{email}} can have one, a message is on its way. Open its link within {{hours}}.</p></div>
    <p class="small muted">Nothing there? Look into the spam folder, or <a href="{{again}}">try again</a>: at most three messages an hour go to one address.</p>
  </div>
</div>
